//! Which names of members stand for secrets, and which for content (docs/wire.md, "Redaction").
//!
//! The official SDKs' list comes first. It knows few of the names that agents' frameworks use, so that
//! the rest is ours. Only names decide; values are never guessed at.

/// What the rules say about a member's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Secret,
    Content,
    /// Content where the value is a string: a number under the same name is a count.
    ContentIfString,
    Other,
}

/// The class of a name, in any case.
pub fn class_of(name: &str) -> Class {
    // The official SDKs match with a case-insensitive Unicode regular expression ending in `$`: a
    // final newline and the four letters that fold to an ASCII one pass there, so they do here.
    let name = name.strip_suffix('\n').unwrap_or(name);
    if name.is_ascii() {
        return class_of_folded(name);
    }
    let folded = name
        .replace(['İ', 'ı'], "i")
        .replace('ſ', "s")
        .replace('\u{212a}', "k");
    class_of_folded(&folded)
}

fn class_of_folded(name: &str) -> Class {
    let mut buffer = [0; 64];
    let heap;
    let lower: &[u8] = match buffer.get_mut(..name.len()) {
        Some(lower) => {
            lower.copy_from_slice(name.as_bytes());
            lower.make_ascii_lowercase();
            lower
        }
        None => {
            heap = name.to_ascii_lowercase();
            heap.as_bytes()
        }
    };
    match class_of_whole(lower) {
        Class::Other if ends_in_secret(lower, name.as_bytes()) => Class::Secret,
        Class::Other if continues_content(lower) => Class::Content,
        class => class,
    }
}

/// Whole names, in lower case.
fn class_of_whole(name: &[u8]) -> Class {
    match name {
        // The SDKs' list.
        b"authorization"
        | b"proxy-authorization"
        | b"cookie"
        | b"set-cookie"
        | b"password"
        | b"passwd"
        | b"secret"
        | b"client_secret" => Class::Secret,
        b"prompt" | b"prompts" | b"message" | b"messages" | b"completion" | b"completions"
        | b"input" | b"output" | b"response" => Class::Content,
        // Frameworks'.
        b"inputs"
        | b"outputs"
        | b"thought"
        | b"thoughts"
        | b"reasoning"
        | b"instructions"
        | b"system_instructions"
        | b"system_prompt"
        | b"arguments" => Class::Content,
        b"token" => Class::ContentIfString,
        // OpenTelemetry's GenAI conventions.
        b"gen_ai.input.messages"
        | b"gen_ai.output.messages"
        | b"gen_ai.system_instructions"
        | b"gen_ai.prompt"
        | b"gen_ai.completion"
        | b"gen_ai.content.prompt"
        | b"gen_ai.content.completion"
        | b"gen_ai.tool.call.arguments"
        | b"gen_ai.tool.call.result" => Class::Content,
        _ => class_of_pair(name),
    }
}

/// The SDKs' names of two words, with `_`, `-`, `.` or nothing between.
fn class_of_pair(name: &[u8]) -> Class {
    let second = |first: &[u8]| {
        let rest = name.strip_prefix(first)?;
        Some(match rest {
            [b'_' | b'-' | b'.', second @ ..] => second,
            _ => rest,
        })
    };
    match name {
        [b'a', b'p', ..] if second(b"api") == Some(b"key") => Class::Secret,
        [b'a', ..] if second(b"access") == Some(b"token") => Class::Secret,
        [b'r', b'e', b'f', ..] if second(b"refresh") == Some(b"token") => Class::Secret,
        [b'p', ..] if second(b"private") == Some(b"key") => Class::Secret,
        [b't', ..] => match second(b"tool") {
            Some(b"argument" | b"arguments" | b"result" | b"output") => Class::Content,
            _ => Class::Other,
        },
        [b'r', ..] => match second(b"retrieval") {
            Some(b"document" | b"documents" | b"content") => Class::Content,
            _ => Class::Other,
        },
        _ => Class::Other,
    }
}

/// Whether the last words of a name are those of a secret: `x-api-key`, `dbPassword`.
fn ends_in_secret(lower: &[u8], original: &[u8]) -> bool {
    let words: &[(&[&[u8]], &[u8])] = match lower.last() {
        Some(b'y') => &[(&[b"api", b"access", b"secret", b"private"], b"key")],
        Some(b't') => &[(&[], b"secret")],
        Some(b'd') => &[(&[], b"password"), (&[], b"passwd")],
        Some(b'e') => &[(&[], b"passphrase"), (&[], b"cookie")],
        Some(b'l') => &[(&[], b"credential")],
        Some(b's') => &[(&[], b"credentials")],
        Some(b'n') => &[
            (&[], b"authorization"),
            (
                &[
                    b"access", b"refresh", b"id", b"auth", b"bearer", b"session", b"api", b"csrf",
                ],
                b"token",
            ),
        ],
        _ => return false,
    };
    words.iter().any(|(before, last)| {
        let Some(rest) = lower.strip_suffix(*last) else {
            return false;
        };
        if before.is_empty() {
            return begins_word(original, rest.len());
        }
        let separators = rest.iter().rev().take_while(|c| !c.is_ascii_alphanumeric());
        let rest = &rest[..rest.len() - separators.count()];
        before.iter().any(|word| {
            let start = rest.strip_suffix(*word).map(<[u8]>::len);
            start.is_some_and(|at| begins_word(original, at))
        })
    })
}

/// Whether a word begins at `at`: words end at punctuation, and before a capital letter.
fn begins_word(name: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|at| name[at]) else {
        return true;
    };
    if before.is_ascii_punctuation() || before == b' ' {
        return true;
    }
    let capital = name.get(at).is_some_and(u8::is_ascii_uppercase);
    // In a run of capitals, only the last one begins a word: `DBPassword`.
    capital
        && (!before.is_ascii_uppercase() || name.get(at + 1).is_some_and(u8::is_ascii_lowercase))
}

/// OpenInference's and OpenLLMetry's names, and every name that continues one of them with a dot.
fn continues_content(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 10] = [
        b"input.value",
        b"output.value",
        b"llm.input_messages",
        b"llm.output_messages",
        b"llm.prompts",
        b"llm.completions",
        b"llm.prompt_template",
        b"tool.parameters",
        b"traceloop.entity.input",
        b"traceloop.entity.output",
    ];
    // These are followed by the number of a message: gen_ai.prompt.name is the name of a template.
    const NUMBERED: [&[u8]; 2] = [b"gen_ai.prompt.", b"gen_ai.completion."];
    if !matches!(name.first(), Some(b'i' | b'o' | b'l' | b't' | b'g')) || !name.contains(&b'.') {
        return false;
    }
    let continues = |listed: &[u8]| {
        let rest = name.strip_prefix(listed);
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'.')))
    };
    let numbered = |listed: &[u8]| {
        let rest = name.strip_prefix(listed);
        rest.is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
    };
    NAMES.into_iter().any(continues) || NUMBERED.into_iter().any(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdks_names_are_known_in_every_spelling() {
        for name in [
            "authorization",
            "Proxy-Authorization",
            "COOKIE",
            "set-cookie",
            "password",
            "passwd",
            "secret",
            "client_secret",
            "api_key",
            "api-key",
            "api.key",
            "apiKey",
            "ACCESS_TOKEN",
            "refresh.token",
            "privatekey",
            "paſſword",
            "coo\u{212a}ie",
            "secret\n",
        ] {
            assert_eq!(class_of(name), Class::Secret, "{name}");
        }
        for name in [
            "prompt",
            "Prompts",
            "message",
            "messages",
            "completion",
            "completions",
            "input",
            "output",
            "RESPONSE",
            "tool_result",
            "tool.arguments",
            "toolOutput",
            "tool-argument",
            "retrieval.documents",
            "retrievalContent",
        ] {
            assert_eq!(class_of(name), Class::Content, "{name}");
        }
    }

    #[test]
    fn the_last_words_of_a_name_tell_a_secret() {
        for name in [
            "x-api-key",
            "OPENAI_API_KEY",
            "openaiApiKey",
            "my_apikey",
            "aws_secret_access_key",
            "AWSSecretKey",
            "ssh.private.key",
            "client-secret",
            "my_password",
            "dbPassword",
            "DBPassword",
            "db_passwd",
            "ssl-passphrase",
            "aws.credential",
            "googleCredentials",
            "x-authorization",
            "session_cookie",
            "set_cookie",
            "bearer_token",
            "idToken",
            "X-CSRF-Token",
            "sessionToken",
            "api__key",
            "clé_api_key",
            "auth token",
            "a_rather_long_name_of_a_member_that_does_not_fit_into_a_small_buffer_api_key",
        ] {
            assert_eq!(class_of(name), Class::Secret, "{name}");
        }
        for name in [
            "secrets",
            "monkey",
            "key",
            "primary_key",
            "keyboard",
            "myapikey",
            "compassword",
            "token_count",
            "max_tokens",
            "next_token",
            "cookies",
            "secretary",
            "validtoken",
            "",
        ] {
            assert_ne!(class_of(name), Class::Secret, "{name}");
        }
    }

    #[test]
    fn the_frameworks_names_of_content_are_known() {
        for name in [
            "inputs",
            "Outputs",
            "thought",
            "thoughts",
            "reasoning",
            "instructions",
            "system_instructions",
            "system_prompt",
            "arguments",
            "gen_ai.input.messages",
            "gen_ai.output.messages",
            "gen_ai.system_instructions",
            "gen_ai.prompt",
            "gen_ai.completion",
            "gen_ai.content.prompt",
            "gen_ai.content.completion",
            "gen_ai.tool.call.arguments",
            "gen_ai.tool.call.result",
            "gen_ai.prompt.0.content",
            "input.value",
            "output.value",
            "llm.input_messages.0.message.content",
            "LLM.Output_Messages",
            "llm.prompts",
            "llm.completions.1",
            "llm.prompt_template.template",
            "tool.parameters",
            "traceloop.entity.input",
            "traceloop.entity.output",
        ] {
            assert_eq!(class_of(name), Class::Content, "{name}");
        }
        assert_eq!(class_of("Token"), Class::ContentIfString);
        for name in [
            "input_tokens",
            "input.mime_type",
            "llm.model_name",
            "llm.prompts_count",
            "tool.name",
            "gen_ai.prompt.name",
            "gen_ai.request.model",
            "output_type",
            "tokens",
            "argument",
        ] {
            assert_eq!(class_of(name), Class::Other, "{name}");
        }
    }
}
