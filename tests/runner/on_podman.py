"""The runner, fitted to podman 4.3."""

import time

import docker.constants

# A busy machine takes its time.
docker.constants.DEFAULT_TIMEOUT_SECONDS = 600

from pipeline_runner import cli, container, service  # noqa: E402

# Without the docker daemon that it would start beside a step: the podman outside runs the pipes (see `docker`).
service.ServicesManager.start_services = lambda self, network_name: None

# podman's API may end the output of a script before the script's last command has written the exit status.
once = container.ContainerScriptRunner._get_exit_code_of_command


def patiently(self, path):
    for _ in range(50):
        try:
            return once(self, path)
        except Exception:
            time.sleep(0.2)
    return once(self, path)


container.ContainerScriptRunner._get_exit_code_of_command = patiently
cli.main()
