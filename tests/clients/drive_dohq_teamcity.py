"""dohq-teamcity of PyPI, unchanged, against the simulator: generated from an old description of the API."""

import sys
import time

from dohq_teamcity import TeamCity
from dohq_teamcity.custom import models

url = sys.argv[1]


def client():
    """A client of its own for each write: it keeps the session's cookie, which a POST must not bring along."""
    return TeamCity(url, auth=("admin", "admin123"))


def check(what, found, wanted):
    if found != wanted:
        sys.exit(f"dohq-teamcity: {what}: {found!r} rather than {wanted!r}")


reader = client()
check("server", reader.server.serve_server_info().version_major, 2026)
check("projects", [project.id for project in reader.projects.get_projects().project], ["_Root", "Sandbox", "CLI"])
project = reader.projects.get("id:Sandbox")
check("a project's configurations", [of.id for of in project.build_types.build_type], ["Sandbox_Build", "Sandbox_Test"])
check("configurations", len(reader.build_types.get_build_types().build_type), 5)
check("steps", [step.name for step in reader.build_types.get_steps("id:Sandbox_Build").step], ["Test"])
check("agents", [agent.name for agent in reader.agents.get_agents().agent], ["linux-agent-1", "windows-agent-1"])
check("agent", reader.agents.get("id:1").authorized, True)
check("agent's pool", reader.agents.get_agent_pool("id:1").name, "Default")
can = reader.agents.get_compatible_build_types("id:1").build_type
check("what an agent runs", "CLI_Windows" in [of.id for of in can], False)
check("pools", [pool.name for pool in reader.agent_pools.get_pools().agent_pool], ["Default", "Windows"])
builds = reader.builds.get_all_builds(locator="buildType:Sandbox_Build,defaultFilter:false,status:FAILURE").build
check("red builds", len(builds), 1)
red = f"id:{builds[0].id}"
check("red build", reader.builds.get(red).branch_name, "feature/x")
tests = reader.test_occurrence.get_test_occurrences(locator=f"build:({red}),status:FAILURE").test_occurrence
check("failed tests", [test.name for test in tests], ["com.example.SandboxTest.works"])
problems = reader.problem_occurrence.get_problems(locator=f"build:({red})").problem_occurrence
check("problems", problems[0].type, "TC_FAILED_TESTS")
check("statistics", reader.builds.get_build_statistic_values(red).count > 0, True)
canceled = reader.builds.get_all_builds(locator="buildType:Sandbox_Build,canceled:true").build[-1]
check("who canceled", reader.builds.get_canceled_info(f"id:{canceled.id}").user.username, "developer")
check("changes", reader.changes.get_change("id:101").version, "1" * 40)
check("users", reader.users.get("username:admin").name, "Administrator")
check("roots", [root.id for root in reader.vcs_root.get_roots().vcs_root], ["Sandbox_Git", "CLI_Git"])

order = models.Build(build_type=models.BuildType(id="Sandbox_Build"), branch_name="feature/x")
queued = client().build_queues.queue_new_build(body=order)
check("queued", (queued.state, queued.branch_name), ("queued", "feature/x"))
for _ in range(100):
    build = reader.builds.get(f"id:{queued.id}")
    if build.state == "finished":
        break
    time.sleep(0.2)
check("finished", (build.state, build.status), ("finished", "SUCCESS"))
queued = client().build_queues.queue_new_build(body=order)
stop = models.BuildCancelRequest(comment="from Python", readd_into_queue=False)
check("canceled", client().build_queues.cancel_build_0(f"id:{queued.id}", body=stop).state, "finished")
made = client().projects.create_project(body=models.NewProjectDescription(name="From Python"))
check("a new project", made.id, "FromPython")
of = client().projects.create_build_type("id:FromPython", body=models.NewBuildTypeDescription(name="Build"))
check("a new configuration", of.id, "FromPython_Build")
client().projects.delete_project("id:FromPython")
check("projects again", len(reader.projects.get_projects().project), 3)
print("  dohq-teamcity: well")
