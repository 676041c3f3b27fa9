"""python-teamcity of PyPI, unchanged, against the simulator: reads, starts, cancels, reruns."""

import logging
import sys
import time

from teamcity import TeamCity

url, token = sys.argv[1:3]
logging.disable(logging.CRITICAL)


def check(what, found, wanted):
    if found != wanted:
        sys.exit(f"python-teamcity: {what}: {found!r} rather than {wanted!r}")


def until(what, is_so):
    for _ in range(100):
        if is_so():
            return
        time.sleep(0.2)
    sys.exit(f"python-teamcity: {what} did not come in 20 s")


def state(client, build):
    return client.get_build_details(build).get("state")


# Three ways in.
check("guest", len(TeamCity(url, guest=True).get_project_build_types("Sandbox")), 2)
check("password", TeamCity(url, user="admin", password="admin123").get_user()["username"], "admin")
client = TeamCity(url, tokens=token)
check("token", client.get_user()["username"], "admin")

# What was there before.
builds = client.get_all_builds("Sandbox_Build")
check("all builds", sorted(build["status"] for build in builds), ["FAILURE", "SUCCESS", "SUCCESS", "UNKNOWN"])
canceled = next(build["id"] for build in builds if build["status"] == "UNKNOWN")
check("who canceled", client.get_canceled_info(canceled)["text"], "not this one")
latest = client.get_latest_build("Sandbox_Build")
check("latest good build", latest["status"], "SUCCESS")
check("details", latest["buildType"]["id"], "Sandbox_Build")
check("artifacts", [file["name"] for file in client.get_artifacts_list(latest["id"])], ["reports", "result.txt"])
check("content", client.get_artifacts_content(latest["id"], "result.txt"), "test artifact content")
check("parameter", client.get_build_resulting_properties(latest["id"], "build.number"), latest["number"])
head = client.get_latest_build("CLI_CiCd")
parts = client.get_build_dependencies(head["id"])
check("a chain's parts", sorted(part["buildType"]["id"] for part in parts), ["CLI_Linux", "CLI_Windows"])
check("users", {"admin", "developer"} <= {user["username"] for user in client.get_all_users()}, True)
agents = client.get_all_agents(details=True)
check("agents", [(agent["name"], agent["pool"]["name"]) for agent in agents],
      [("linux-agent-1", "Default"), ("windows-agent-1", "Windows")])
check("changes", len(client.get_all_changes("Sandbox_Build")) > 0, True)
check("pending changes", isinstance(client.get_pending_changes("Sandbox_Build"), list), True)

# What it does.
parameters = [{"name": "env.WHO", "value": "python"}]
build = client.start_build("Sandbox_Build", "from Python", parameters).json()["id"]
check("queued", [queued["id"] for queued in client.get_queued_builds("Sandbox_Build")], [build])
until("running", lambda: state(client, build) == "running")
check("running builds", [running["id"] for running in client.get_running_builds("Sandbox_Build")], [build])
until("finished", lambda: state(client, build) == "finished")
again = client.rerun_build(build).json()
check("rerun", again["properties"]["property"][0]["value"], "python")
client.cancel_build(again["id"])
check("canceled", client.get_build_details(again["id"])["status"], "UNKNOWN")
print("  python-teamcity: well")
