//! Reports and annotations at their limits.

use serde_json::{Value, json};

use super::{ACME, COMMIT, bitbucket, by_proxy, call, get};

fn report(result: &str) -> Value {
    json!({ "title": "TeamCity", "details": "One build.", "report_type": "TEST", "result": result })
}

fn path(rest: &str) -> String {
    format!("commit/{COMMIT}/reports{rest}")
}

#[tokio::test(start_paused = true)]
async fn reports_of_a_commit_are_listed_and_open_ones_told() {
    let bitbucket = bitbucket();
    for (id, result) in [("tc-1", "PENDING"), ("tc-2", "PASSED")] {
        let path = path(&format!("/{id}"));
        let put = call(&bitbucket, "PUT", &path, report(result)).await;
        assert_eq!(put.status, 200);
    }
    let listed = by_proxy(&bitbucket, &path("?pagelen=100")).await;
    let ids: Vec<_> = listed
        .values()
        .iter()
        .map(|report| report["external_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["tc-1", "tc-2"]);
    let open = bitbucket.open_reports(ACME);
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].0.as_str(), open[0].1.as_str()), (COMMIT, "tc-1"));
}

#[tokio::test(start_paused = true)]
async fn reports_and_annotations_have_limits() {
    let bitbucket = bitbucket();
    for (field, most) in [("title", 450), ("details", 2000)] {
        for (length, wanted) in [(most, 200), (most + 1, 400)] {
            let mut report = report("PASSED");
            report[field] = "é".repeat(length).into();
            let put = call(&bitbucket, "PUT", &path("/r"), report).await;
            assert_eq!(put.status, wanted, "{field} {length}");
        }
    }
    for (count, wanted) in [(10, 200), (11, 400)] {
        let mut report = report("PASSED");
        report["data"] = vec![json!({ "title": "n", "type": "NUMBER", "value": 1 }); count].into();
        let put = call(&bitbucket, "PUT", &path("/r"), report).await;
        assert_eq!(put.status, wanted, "{count} data");
    }
    let annotations = |from: usize, count: usize| -> Value {
        (from..from + count)
            .map(|number| json!({ "external_id": format!("a{number}"), "annotation_type": "BUG", "summary": "s" }))
            .collect()
    };
    let post = async |body| {
        let path = path("/r/annotations");
        call(&bitbucket, "POST", &path, body).await
    };
    let empty = post(json!([])).await;
    assert_eq!(empty.status, 400, "an empty list is none");
    assert_eq!(empty.json["key"], "report-service.general.bad-request");
    assert_eq!(post(annotations(0, 101)).await.status, 400);
    for hundred in 0..10 {
        assert_eq!(post(annotations(hundred * 100, 100)).await.status, 200);
    }
    assert_eq!(
        post(annotations(0, 100)).await.status,
        200,
        "the same again"
    );
    assert_eq!(post(annotations(1000, 1)).await.status, 400, "one too many");
    for (field, most) in [("summary", 450), ("details", 2000)] {
        for (length, wanted) in [(most, 200), (most + 1, 400)] {
            let mut one = annotations(0, 1);
            one[0][field] = "é".repeat(length).into();
            assert_eq!(post(one).await.status, wanted, "{field} {length}");
        }
    }
    let one = get(&bitbucket, &path("/r/annotations/a7")).await;
    assert_eq!(one.json["external_id"], "a7");
}
