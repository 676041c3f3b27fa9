"""The same with the package python-teamcity, as its own examples use it."""

import os
import sys
import time

from teamcity import TeamCity

teamcity = TeamCity(os.environ["TEAMCITY_URL"], tokens=os.environ["TEAMCITY_TOKEN"])
queued = teamcity.start_build(
    os.environ["BUILD_TYPE_ID"],
    custom_data={"branchName": os.environ["BITBUCKET_BRANCH"]},
).json()
print("Queued build", queued["id"], flush=True)

while True:
    build = teamcity.get_build_details(queued["id"])
    print(build.get("state"), flush=True)
    if build.get("state") == "finished":
        break
    time.sleep(10)

print("Build", build["id"], build["status"])
sys.exit(0 if build["status"] == "SUCCESS" else 1)
