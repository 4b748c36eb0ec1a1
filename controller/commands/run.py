"""``dhc run``: the controller service of a site."""

import argparse
from dataclasses import replace

import uvloop

from controller.api.auth import TokenError
from controller.api.server import ApiStartError
from controller.audit.log import AuditError
from controller.commands.exit_codes import FAILED, OK, WRONG_USE, fail, site_or_faults
from controller.commands.user import first_account
from controller.coordinator import HeldByAnother
from controller.logs import configure_logs
from controller.service import run_service
from stations.drivers.modbus.dialin import DialInPortError
from stations.drivers.opcua.identity import IdentityFault
from stations.model.clock import SystemClock


def execute(options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C; 1 when another controller holds the data folder, 2 if it cannot start."""
    configure_logs(options.log)
    site = site_or_faults(options.site, options.data)
    if site is None:
        return WRONG_USE
    if options.api_port is not None:
        site = replace(site, api=replace(site.api, port=options.api_port))
    try:
        first_account(site)
        uvloop.run(run_service(site, options.clock or SystemClock(), die_with_parent=options.die_with_parent))
    except (HeldByAnother, AuditError) as error:
        return fail(FAILED, str(error))
    except (ApiStartError, DialInPortError, TokenError, IdentityFault) as error:
        return fail(WRONG_USE, str(error))
    return OK
