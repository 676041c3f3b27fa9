use super::*;
use crate::config::AgentChoice;

fn agent(pairs: &[(&str, &str)]) -> Option<AgentChoice> {
    // The old name is warned of.
    match with(pairs).unwrap().0.what {
        What::Queue(build) => build.agent,
        _ => None,
    }
}

#[test]
fn an_agent_is_a_name_a_number_or_a_pool() {
    assert_eq!(
        agent(&[("AGENT", " linux 1 ")]),
        Some(AgentChoice::Name("linux 1".to_owned()))
    );
    assert_eq!(agent(&[("AGENT", "id:7")]), Some(AgentChoice::Id(7)));
    assert_eq!(
        agent(&[("AGENT", "pool:Linux")]),
        Some(AgentChoice::Pool("Linux".to_owned()))
    );
    assert_eq!(agent(&[]), None);
}

#[test]
fn the_old_number_still_works_and_the_log_says_what_to_write() {
    assert_eq!(agent(&[("AGENT_ID", "7")]), Some(AgentChoice::Id(7)));
    assert!(warned(&[("AGENT_ID", "7")]).contains("AGENT_ID is the old name. Write AGENT: 'id:7'"));
    assert!(bad(&[("AGENT_ID", "x")]).contains("AGENT has the invalid value 'id:x'"));
}
