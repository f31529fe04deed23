/** The event types that the service knows; any other string is legal. See index.d.ts. */
export const EventType = Object.freeze(
  /** @type {const} */ ({
    AGENT_START: 'agent.start',
    AGENT_END: 'agent.end',
    AGENT_MESSAGE: 'agent.message',
    AGENT_TOOL_CALL_START: 'agent.tool_call.start',
    AGENT_TOOL_CALL_END: 'agent.tool_call.end',
    AGENT_ERROR: 'agent.error',
    AGENT_HANDOFF: 'agent.handoff',
    AGENT_LLM_TOKEN: 'agent.llm.token',
    AGENT_LOG: 'agent.log',
    APP_LOG: 'app.log',
    APP_SPAN: 'app.span',
    CUSTOM: 'custom',
  }),
);
