//! The sentence this crate exists for: the receiver shares no code with the sender.

#[test]
fn the_receiver_depends_on_nothing_of_the_engine() {
    let manifest = include_str!("../Cargo.toml");
    let mut section = "";
    let mut dependencies = Vec::new();
    for line in manifest.lines().map(str::trim) {
        match line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            Some(name) => section = name,
            None if section.ends_with("dependencies") && !section.starts_with("dev-") => {
                dependencies.extend(
                    line.split(['.', '=', ' '])
                        .next()
                        .filter(|name| !name.is_empty()),
                );
            }
            None => {}
        }
        assert!(!section.contains("dependencies.pf-"), "[{section}]");
    }
    assert_eq!(dependencies, ["rustix", "serde"]);
}
