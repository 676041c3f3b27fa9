//! Members of answers that are other than they should be.

use serde_json::json;
use teamcity_simulator::{Fault, FaultKind, Scenario, Simulator};

use crate::client::{get, get_json, queue};

async fn spoiled(kind: FaultKind) -> String {
    let simulator = Simulator::start(Scenario::new());
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(std::time::Duration::from_secs(10)).await;
    simulator.fault(Fault::new(kind).always());
    let fields = "id,percentageComplete,running-info(percentageComplete),tags(count,tag(name))";
    let path = format!("/app/rest/builds/id:{id}?fields={fields}");
    get(&simulator, &path).await.text
}

#[tokio::test(start_paused = true)]
async fn a_member_may_have_any_value_even_one_that_is_no_number_of_ours() {
    for json in [
        "null",
        "-1",
        "1e999",
        "99999999999999999999999",
        "0.5",
        "\"7\"",
        "[]",
        "{}",
    ] {
        let text = spoiled(FaultKind::member("percentageComplete", json)).await;
        assert_eq!(
            text,
            format!(
                "{{\"id\":4711,\"percentageComplete\":{json},\"running-info\":{{\"percentageComplete\":{json}}},\"tags\":{{\"count\":0,\"tag\":[]}}}}"
            )
        );
    }
    let kind = FaultKind::member("running-info.percentageComplete", "-1");
    let text = spoiled(kind).await;
    assert_eq!(text.matches("-1").count(), 1, "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_member_may_be_missing() {
    let text = spoiled(FaultKind::WithoutMember("percentageComplete".to_owned())).await;
    assert!(!text.contains("percentage"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_list_may_have_more_items_than_anybody_wants() {
    let simulator = Simulator::start(Scenario::new());
    queue(&simulator, "App_Build").await;
    simulator.fault(Fault::new(FaultKind::ManyItems(1000)));
    let list = "/app/rest/builds?locator=state:any,defaultFilter:false&fields=build(id)";
    let answer = get_json(&simulator, list).await;
    assert_eq!(answer["build"].as_array().unwrap().len(), 1000);
    assert_eq!(answer["build"][999], json!({"id": 4711}));
}
