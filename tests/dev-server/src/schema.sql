-- Times are microseconds since 1970. Every table belongs to an organization; none sees another's rows.

-- One row: which store this is, so that a cursor of another one is noticed, and up to which number events were cleared.
CREATE TABLE IF NOT EXISTS this_store (
    store_id TEXT NOT NULL,
    cleared INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS organizations (
    org_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS members (
    org_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, user_id)
);

CREATE TABLE IF NOT EXISTS invitations (
    invitation_id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL,
    invited_email TEXT NOT NULL,
    role TEXT NOT NULL,
    code TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS apps (
    org_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, app_id)
);

CREATE TABLE IF NOT EXISTS channels (
    org_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, channel_id)
);

CREATE TABLE IF NOT EXISTS environments (
    org_id TEXT NOT NULL,
    slug TEXT NOT NULL,
    environment_id TEXT NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    is_production INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, slug)
);

CREATE TABLE IF NOT EXISTS webhook_endpoints (
    endpoint_id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    url TEXT NOT NULL,
    event_types TEXT NOT NULL, -- a JSON array; empty: all
    description TEXT,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS webhook_deliveries (
    delivery_id TEXT PRIMARY KEY,
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    status TEXT NOT NULL,
    status_code INTEGER,
    error TEXT,
    created_at INTEGER NOT NULL
);

-- The columns from agent_name on are the members that src/derive.rs reads out of payload and metadata.
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, -- the number of the event, never given twice: the cursor of the feed
    org_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    dedup_key TEXT,
    created_at INTEGER NOT NULL,
    app_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    environment_id TEXT,
    event_type TEXT NOT NULL,
    source TEXT NOT NULL,
    identifier TEXT NOT NULL,
    trace_id TEXT,
    span_id TEXT,
    parent_span_id TEXT,
    agent_id TEXT,
    occurred_at INTEGER NOT NULL,
    document TEXT NOT NULL,    -- the event as GET /events shows it
    attributes TEXT NOT NULL,  -- {"name": "value as text"}, for attrKey and attrValue
    search_text TEXT NOT NULL, -- everything that q looks at, in lower case
    agent_name TEXT,
    tool_name TEXT,
    service_name TEXT,
    operation_name TEXT,
    semantic_kind TEXT,
    status TEXT,
    error_type TEXT,
    error_message TEXT,
    duration_ms REAL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    total_tokens INTEGER,
    cost_usd REAL,
    request_model TEXT,
    response_model TEXT,
    provider_name TEXT,
    session_id TEXT,
    user_id TEXT,
    release TEXT
);

CREATE UNIQUE INDEX IF NOT EXISTS events_once ON events (org_id, dedup_key) WHERE dedup_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_by_time ON events (org_id, created_at);
CREATE INDEX IF NOT EXISTS events_by_trace ON events (org_id, trace_id);
