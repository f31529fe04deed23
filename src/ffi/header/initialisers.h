/* Initialisers: `axonpush_options options = AXONPUSH_OPTIONS_INIT;` */
#ifdef __cplusplus
/* C++ before C++20 has no designated initialisers; compilers warn if a list leaves members out. */
namespace axonpush_detail {
template <typename T> inline T sized() {
    T value = T();
    value.struct_size = sizeof(T);
    return value;
}
} /* namespace axonpush_detail */
#define AXONPUSH_INIT_(type) (::axonpush_detail::sized<type>())
#else
#define AXONPUSH_INIT_(type) { .struct_size = sizeof(type) }
#endif
#define AXONPUSH_OPTIONS_INIT AXONPUSH_INIT_(axonpush_options)
#define AXONPUSH_EVENT_INIT AXONPUSH_INIT_(axonpush_event)
#define AXONPUSH_EVENT_QUERY_INIT AXONPUSH_INIT_(axonpush_event_query)
#define AXONPUSH_STATS_INIT AXONPUSH_INIT_(axonpush_stats)
#define AXONPUSH_TRACE_QUERY_INIT AXONPUSH_INIT_(axonpush_trace_query)
#define AXONPUSH_ENVIRONMENT_INIT AXONPUSH_INIT_(axonpush_environment)
#define AXONPUSH_WEBHOOK_INIT AXONPUSH_INIT_(axonpush_webhook)
#define AXONPUSH_LOG_RECORD_INIT AXONPUSH_INIT_(axonpush_log_record)
#define AXONPUSH_MODEL_CALL_INIT AXONPUSH_INIT_(axonpush_model_call)
#define AXONPUSH_TOOL_CALL_INIT AXONPUSH_INIT_(axonpush_tool_call)
#define AXONPUSH_AGENT_RUN_INIT AXONPUSH_INIT_(axonpush_agent_run)
