"""Paths of accounts: login and logout, who am I, and what an administrator does."""

from ipaddress import ip_address
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from starlette.responses import Response

from controller.accounts.roles import Principal, Right, Role
from controller.accounts.service import Accounts, LoginRefused
from controller.accounts.store import ABSOLUTE_S, IDLE_S, AccountFault, User
from controller.api import order_schema as schema
from controller.api.described import said
from controller.api.refusals import refusal
from controller.api.rights import needs
from controller.api.routes import answer

BROWSER = "x-dhc-browser"
"""Header with the address of a browser, as the screen's process sees it."""
NO_ACCOUNT = "there is no account yet; on the controller's machine: dhc user add SITE NAME --role admin"


def accounts_router(accounts: Accounts, districts: frozenset[str]) -> APIRouter:
    """Return the paths of accounts; ``districts`` are those of the site, to check zones."""
    router = APIRouter(prefix="/api/v1")

    @router.post("/login", responses=said(schema.LoginMessage), openapi_extra=needs(Right.OPEN))
    async def login(request: Request, body: schema.LoginRequest) -> Response:
        """A token for name and password. Five wrong ones lock the name for a quarter of an hour."""
        try:
            token, session = await accounts.login(
                body.name, body.password, came_from(request), browser_told(request, accounts)
            )
        except LoginRefused as refused:
            return _login_refused(refused)
        ends_at = session.created_at + ABSOLUTE_S
        told = {"token": token, "user": user_view(session.user), "idle_s": IDLE_S, "ends_at": ends_at}
        return answer(told)

    @router.post("/logout", responses=said(schema.Done), openapi_extra=needs(Right.OWN_SESSION))
    async def logout(request: Request) -> Response:
        """End the session of this token."""
        await accounts.logout(request.headers.get("authorization"), caller_of(request).name)
        return answer({"done": True})

    @router.get("/me", responses=said(schema.MeMessage), openapi_extra=needs(Right.OWN_SESSION))
    async def me(request: Request) -> Response:
        """Who is logged in, and what that person may do."""
        session = await accounts.session(request.headers.get("authorization"))
        if session is None:
            raise HTTPException(401, "the session has ended")
        rights = sorted(caller_of(request).rights)
        ends_at = session.created_at + ABSOLUTE_S
        return answer({"user": user_view(session.user), "rights": rights, "ends_at": ends_at})

    @router.post("/me/password", responses=said(schema.Done), openapi_extra=needs(Right.OWN_SESSION))
    async def change_password(request: Request, body: schema.PasswordChange) -> Response:
        """Another password for the caller; ends all sessions, this one too."""
        name = caller_of(request).name
        try:
            await accounts.login(name, body.old, came_from(request))
            await accounts.set_password(name, body.new, name)
        except LoginRefused as refused:
            return _login_refused(refused)
        except AccountFault as fault:
            raise HTTPException(422, str(fault)) from None
        return answer({"done": True})

    @router.post("/me/language", responses=said(schema.Done), openapi_extra=needs(Right.OWN_SESSION))
    async def choose_language(request: Request, body: schema.LanguageChange) -> Response:
        """The language in which the caller reads screens; it follows the person to every browser."""
        await accounts.set_language(caller_of(request).name, body.language)
        return answer({"done": True})

    @router.get("/users", responses=said(schema.UserList), openapi_extra=needs(Right.READ_USERS))
    async def users() -> Response:
        """All accounts."""
        return answer({"users": [user_view(user) for user in await accounts.users()]})

    @router.post("/users", responses=said(schema.Done), openapi_extra=needs(Right.MANAGE_USERS))
    async def add_user(request: Request, body: schema.NewUser) -> Response:
        """A new account."""
        zone = None if body.districts is None else frozenset(body.districts)
        if zone is not None and not zone <= districts:
            unknown = ", ".join(sorted(zone - districts))
            raise HTTPException(
                422, f"districts: not known: {unknown}; known: {', '.join(sorted(districts))}"
            )
        actor = caller_of(request).name
        try:
            await accounts.add(body.name, body.password, Role(body.role), zone, actor)
        except AccountFault as fault:
            raise HTTPException(422, str(fault)) from None
        return answer({"done": True})

    @router.post("/users/{name}", responses=said(schema.Done), openapi_extra=needs(Right.MANAGE_USERS))
    async def change_user(
        request: Request, name: Annotated[schema.UserName, Path()], body: schema.UserChange
    ) -> Response:
        """Shut or open an account, or give it another password; both end its sessions."""
        actor = caller_of(request).name
        if body.disabled and name == actor:
            raise HTTPException(422, "nobody shuts the own account: ask another administrator")
        try:
            if body.password is not None:
                await accounts.set_password(name, body.password, actor)
            if body.disabled is not None:
                await accounts.set_disabled(name, body.disabled, actor)
        except AccountFault as fault:
            raise HTTPException(422, str(fault)) from None
        return answer({"done": True})

    return router


def caller_of(request: Request) -> Principal:
    """Return who is behind a request that has passed the gate."""
    caller = request.state.principal
    assert isinstance(caller, Principal)
    return caller


def came_from(request: Request) -> str:
    """Return the address of the client, for the audit."""
    return "" if request.client is None else request.client.host


def browser_told(request: Request, accounts: Accounts) -> str:
    """Return where the screen says that its person sits, for the audit alone; empty where nobody may say so.

    The screen calls the API for everybody from one address. Only a screen beside us, with the service token,
    is believed, and nothing is ever decided by it.
    """
    told = request.headers.get(BROWSER, "")
    try:
        beside = ip_address(came_from(request)).is_loopback
        told = str(ip_address(told))
    except ValueError:
        return ""
    return told if beside and accounts.is_service(request.headers.get("authorization")) else ""


def user_view(user: User) -> dict[str, object]:
    """Return an account for a message; nothing of its password."""
    return {
        "name": user.name,
        "role": user.role.value,
        "districts": None if user.districts is None else sorted(user.districts),
        "disabled": user.disabled,
        "language": user.language,
    }


def _login_refused(refused: LoginRefused) -> Response:
    if refused.no_account:
        return refusal(401, NO_ACCOUNT, code="no_account")
    if refused.locked_for_s > 0:
        minutes = -(-refused.locked_for_s // 60)
        response = refusal(429, f"too many wrong passwords: locked for {minutes:.0f} min")
        response.headers["retry-after"] = f"{refused.locked_for_s:.0f}"
        return response
    return refusal(
        401, "name or password is wrong", "try again; five wrong ones lock for 15 min", "login_refused"
    )
