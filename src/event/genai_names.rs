//! The names of the attributes that the service reads out of an event: one table, in the order of the names.
//!
//! `build.rs` compiles this file, too, and writes the header's `AXONPUSH_ATTR_…` constants from it, so it
//! imports nothing. The bindings' constants come from the header, or are compared with it by a test each;
//! `genai.rs` compares what is content here with the redaction rules. `docs/genai.md` says which names of
//! other conventions mean the same.
//!
//! A constant is its attribute's name in capitals, with `_` for `.`: nothing has to be looked up, and a name
//! that is no `gen_ai.…`, such as `error.type`, follows the same rule. Rejected: `AXONPUSH_GEN_AI_…` for most
//! of them, which leaves no good name for the others (`AXONPUSH_ERROR_TYPE` beside the `AXONPUSH_ERR_…`).

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// What the service can group, filter and add up.
    Fact,
    /// What people, models and tools said, to which the redaction rules apply.
    Content,
}

/// An attribute that the service reads.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// Of its constant, without the prefix: `GEN_AI_REQUEST_MODEL`.
    pub constant: &'static str,
    pub name: &'static str,
    pub carries: Carries,
    /// A sentence or more, for the header.
    pub meaning: &'static str,
}

macro_rules! attributes {
    ($( #[doc = $meaning:literal] $carries:ident $constant:ident = $name:literal; )*) => {
        $(
            #[doc = $meaning]
            #[allow(dead_code, reason = "not every name is written here")]
            pub const $constant: &str = $name;
        )*

        /// All of them.
        pub const ATTRIBUTES: &[Attribute] = &[$(
            Attribute {
                constant: stringify!($constant),
                name: $name,
                carries: Carries::$carries,
                meaning: $meaning,
            },
        )*];
    };
}

attributes! {
    /// The kind of event, where its type and operation do not tell: "agent", "tool", "llm", and so on.
    Fact AXONPUSH_SEMANTIC_KIND = "axonpush.semantic_kind";
    /// How long it took, in milliseconds. The event's time is then when it began.
    Fact DURATION_MS = "duration_ms";
    /// What went wrong, for people. It is no content by its name: quote no prompt in it.
    Fact ERROR_MESSAGE = "error.message";
    /// The kind of failure, such as "timeout" or "429". An event that has one has failed.
    Fact ERROR_TYPE = "error.type";
    /// The id of the agent.
    Fact GEN_AI_AGENT_ID = "gen_ai.agent.id";
    /// The name of the agent.
    Fact GEN_AI_AGENT_NAME = "gen_ai.agent.name";
    /// The conversation, session or thread that a call belongs to.
    Fact GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id";
    /// What a model or an agent was given: a list of messages, or text.
    Content GEN_AI_INPUT_MESSAGES = "gen_ai.input.messages";
    /// The operation: "chat", "embeddings", "execute_tool", "invoke_agent", and so on.
    Fact GEN_AI_OPERATION_NAME = "gen_ai.operation.name";
    /// What a model or an agent responded: a list of messages, or text.
    Content GEN_AI_OUTPUT_MESSAGES = "gen_ai.output.messages";
    /// The id of the prompt that the service keeps.
    Fact GEN_AI_PROMPT_ID = "gen_ai.prompt.id";
    /// The version of that prompt.
    Fact GEN_AI_PROMPT_VERSION = "gen_ai.prompt.version";
    /// Whose model it is: "openai", "anthropic", "aws.bedrock", and so on.
    Fact GEN_AI_PROVIDER_NAME = "gen_ai.provider.name";
    /// The model that was asked for.
    Fact GEN_AI_REQUEST_MODEL = "gen_ai.request.model";
    /// Why the model stopped: a list of texts, one for each response, such as ["stop"].
    Fact GEN_AI_RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons";
    /// The provider's id of the response.
    Fact GEN_AI_RESPONSE_ID = "gen_ai.response.id";
    /// The model that responded.
    Fact GEN_AI_RESPONSE_MODEL = "gen_ai.response.model";
    /// The instructions that were given apart from the messages.
    Content GEN_AI_SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions";
    /// What a tool was given.
    Content GEN_AI_TOOL_CALL_ARGUMENTS = "gen_ai.tool.call.arguments";
    /// The model's id of the tool call.
    Fact GEN_AI_TOOL_CALL_ID = "gen_ai.tool.call.id";
    /// What a tool returned.
    Content GEN_AI_TOOL_CALL_RESULT = "gen_ai.tool.call.result";
    /// The name of the tool.
    Fact GEN_AI_TOOL_NAME = "gen_ai.tool.name";
    /// How many of the input tokens came from the provider's cache.
    Fact GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read_input_tokens";
    /// How many of the input tokens were written to the provider's cache.
    Fact GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS = "gen_ai.usage.cache_write_input_tokens";
    /// What it cost, in US dollars.
    Fact GEN_AI_USAGE_COST_USD = "gen_ai.usage.cost_usd";
    /// How many tokens the model was given.
    Fact GEN_AI_USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens";
    /// How many tokens the model responded with.
    Fact GEN_AI_USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens";
    /// How many of the output tokens were spent on reasoning.
    Fact GEN_AI_USAGE_REASONING_TOKENS = "gen_ai.usage.reasoning_tokens";
    /// Input and output tokens together, where the two are not known.
    Fact GEN_AI_USAGE_TOTAL_TOKENS = "gen_ai.usage.total_tokens";
    /// The program that the event comes from.
    Fact SERVICE_NAME = "service.name";
    /// The release of that program.
    Fact SERVICE_VERSION = "service.version";
    /// The session that the event belongs to; it goes before the conversation.
    Fact SESSION_ID = "session.id";
    /// The user on whose behalf it happened.
    Fact USER_ID = "user.id";
}
