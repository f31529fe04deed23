//! What this process is called, and the machine that it runs on.

/// The machine's name.
pub fn name() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?;
    name.into_string().ok().filter(|name| !name.is_empty())
}

/// The name of the running program's file.
pub fn program() -> String {
    let path = std::env::current_exe().ok();
    let name = path.as_ref().and_then(|path| path.file_name());
    name.map_or("unknown".to_owned(), |name| {
        name.to_string_lossy().into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_and_the_program_have_names() {
        assert!(name().is_some());
        assert!(program().contains("axonpush"), "{}", program());
    }
}
