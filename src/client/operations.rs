//! The operations of the service beyond events: one table, one way through.
//!
//! Each row is a C function `axonpush_<name>`. The functions in `src/ffi/` add a signature to a row and
//! nothing else; the README's table is checked against this one.

use percent_encoding::utf8_percent_encode;

use crate::error::{Error, Result};
use crate::http::url::RESERVED;

#[derive(Debug)]
pub struct Operation {
    /// `<resource>_<verb>`.
    pub name: &'static str,
    pub method: &'static str,
    /// With `{parameters}`, each of which becomes one segment.
    pub path: &'static str,
    /// The member that holds the list, of an operation that gives one: under fail-open it is empty.
    pub list: Option<&'static str>,
}

macro_rules! operations {
    ($($constant:ident = $name:literal $method:literal $path:literal $($list:literal)?;)*) => {
        $(pub const $constant: Operation = Operation {
            name: $name, method: $method, path: $path, list: operations!(@list $($list)?),
        };)*
        pub const OPERATIONS: &[&Operation] = &[$(&$constant),*];
    };
    (@list) => { None };
    (@list $list:literal) => { Some($list) };
}

operations! {
    APPS_LIST = "apps_list" "GET" "/apps" "apps";
    APPS_CREATE = "apps_create" "POST" "/apps";
    APPS_GET = "apps_get" "GET" "/apps/{app_id}";
    APPS_UPDATE = "apps_update" "PATCH" "/apps/{app_id}";
    APPS_DELETE = "apps_delete" "DELETE" "/apps/{app_id}";
    CHANNELS_LIST = "channels_list" "GET" "/apps/{app_id}/channels" "channels";
    CHANNELS_CREATE = "channels_create" "POST" "/apps/{app_id}/channels";
    CHANNELS_GET = "channels_get" "GET" "/apps/{app_id}/channels/{channel_id}";
    CHANNELS_UPDATE = "channels_update" "PUT" "/apps/{app_id}/channels/{channel_id}";
    CHANNELS_DELETE = "channels_delete" "DELETE" "/apps/{app_id}/channels/{channel_id}";
    ENVIRONMENTS_LIST = "environments_list" "GET" "/environments" "environments";
    ENVIRONMENTS_CREATE = "environments_create" "POST" "/environments";
    ENVIRONMENTS_UPDATE = "environments_update" "PATCH" "/environments/{slug}";
    ENVIRONMENTS_DELETE = "environments_delete" "DELETE" "/environments/{slug}";
    ENVIRONMENTS_PROMOTE = "environments_promote" "POST" "/environments/{slug}/promote";
    WEBHOOKS_CREATE = "webhooks_create" "POST" "/webhooks/endpoints";
    WEBHOOKS_LIST = "webhooks_list" "GET" "/webhooks/endpoints/channel/{channel_id}" "data";
    WEBHOOKS_DELETE = "webhooks_delete" "DELETE" "/webhooks/endpoints/{endpoint_id}";
    WEBHOOKS_DELIVERIES = "webhooks_deliveries" "GET" "/webhooks/deliveries/{endpoint_id}" "data";
    TRACES_LIST = "traces_list" "GET" "/traces" "traces";
    TRACES_GET = "traces_get" "GET" "/traces/{trace_id}";
    ORGANIZATIONS_LIST = "organizations_list" "GET" "/users/me/organizations" "organizations";
    ORGANIZATIONS_GET = "organizations_get" "GET" "/organization";
    ORGANIZATIONS_UPDATE = "organizations_update" "PATCH" "/organization";
    ORGANIZATIONS_DELETE = "organizations_delete" "DELETE" "/organizations/{org_id}";
    ORGANIZATIONS_INVITE = "organizations_invite" "POST" "/organizations/{org_id}/invitations";
    ORGANIZATIONS_CANCEL_INVITATION = "organizations_cancel_invitation" "DELETE"
        "/organizations/{org_id}/invitations/{invitation_id}";
    ORGANIZATIONS_REMOVE_MEMBER = "organizations_remove_member" "DELETE"
        "/organizations/{org_id}/members/{user_id}";
    ORGANIZATIONS_TRANSFER_OWNERSHIP = "organizations_transfer_ownership" "POST"
        "/organizations/{org_id}/transfer-ownership";
    ORGANIZATIONS_LEAVE = "organizations_leave" "POST" "/organizations/{org_id}/leave";
    CAPABILITIES_GET = "capabilities_get" "GET" "/capabilities";
    HEALTH_GET = "health_get" "GET" "/healthz";
    OTLP_TRACES = "otlp_traces" "POST" "/v1/traces";
    OTLP_LOGS = "otlp_logs" "POST" "/v1/logs";
}

impl Operation {
    /// Whether it may be sent again after it may have arrived. A POST creates something, or hands
    /// something over, and has no dedup key; all others leave the same state behind however often
    /// they come.
    pub fn is_repeatable(&self) -> bool {
        self.method != "POST"
    }

    /// The path with `ids` in the place of its parameters, each as one segment.
    pub fn fill(&self, ids: &[&str]) -> Result<String> {
        let mut path = String::new();
        let mut ids = ids.iter();
        for (i, piece) in self.path.split(['{', '}']).enumerate() {
            if i % 2 == 0 {
                path.push_str(piece);
                continue;
            }
            let id = ids.next().copied().unwrap_or_default();
            match id {
                "" => {
                    return Err(Error::argument(format!(
                        "{piece}: it is required, but empty"
                    )));
                }
                // As they stand, these would be steps in the path.
                "." => path.push_str("%2E"),
                ".." => path.push_str("%2E%2E"),
                id => path.extend(utf8_percent_encode(id, RESERVED)),
            }
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_one_segment() {
        for (id, segment) in [
            ("../x", "..%2Fx"),
            ("a/b?c#d", "a%2Fb%3Fc%23d"),
            ("%2e%2e", "%252e%252e"),
            ("..", "%2E%2E"),
            (".", "%2E"),
            ("ü é", "%C3%BC%20%C3%A9"),
            ("plain-id_1.~", "plain-id_1.~"),
        ] {
            assert_eq!(APPS_GET.fill(&[id]).unwrap(), format!("/apps/{segment}"));
        }
        assert_eq!(
            CHANNELS_GET.fill(&["a", "b"]).unwrap(),
            "/apps/a/channels/b"
        );
        let missing = CHANNELS_GET.fill(&["a", ""]).unwrap_err();
        assert!(missing.message.starts_with("channel_id"), "{missing}");
    }

    #[test]
    fn names_say_the_resource_and_the_verb() {
        for operation in OPERATIONS {
            assert!(operation.name.contains('_'), "{}", operation.name);
            assert_eq!(
                operation.path.matches('{').count(),
                operation.path.matches('}').count()
            );
            assert!(operation.list.is_none() || operation.method == "GET");
        }
    }
}
