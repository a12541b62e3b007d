"""Accounts on the command line, for whoever operates the machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from app.terminal import LANG, as_owner, print_json, words
from data.askers import Role

if TYPE_CHECKING:
    from data.tables import Account


@click.group(help=words("账号：添加、列出、停用、重设密码、令牌", "Accounts: add, list, disable, password, token"))
def user() -> None:
    """Accounts."""


@user.command(help=words("添加账号；初始密码只显示一次", "Add an account; its first password is shown once"))
@click.argument("name")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option(
    "--area",
    "areas",
    multiple=True,
    required=True,
    help=words("辖区或网格代码，可多次；all 为全部", "code of an area or grid, may be repeated; all = everything"),
)
@click.option("--full-name", help=words("姓名；默认同登录名", "the person's name; the sign-in name by default"))
@click.option("--password-stdin", is_flag=True, help=words("从标准输入读密码", "read the password from standard input"))
def add(name: str, role: str, areas: tuple[str, ...], full_name: str | None, password_stdin: bool) -> None:
    """Add an account."""
    from data.accounts import add_account
    from data.db import owner_session

    password, made = _password(password_stdin)
    with as_owner() as (_, engine), owner_session(engine) as session:
        add_account(
            session,
            username=name,
            full_name=full_name or name,
            role=Role(role),
            area_codes=areas,
            password=password,
        )
    click.echo(words(f"已添加 {name}", f"Added {name}") + _told(made))


@user.command("list", help=words("列出账号", "List the accounts"))
@click.option("--json", "as_json", is_flag=True)
def list_(as_json: bool) -> None:
    """List the accounts."""
    from data.accounts import list_accounts
    from data.db import owner_session
    from data.rules.words import ROLE

    with as_owner() as (_, engine), owner_session(engine) as session:
        found = [
            (account, [area.code or f"{area.jur}-{area.jur_end}" for area in areas])
            for account, areas in list_accounts(session)
        ]
        session.expunge_all()
    if as_json:
        print_json([_as_json(account, areas) for account, areas in found])
        return
    for account, areas in found:
        notes = [words("已停用", "disabled")] if account.disabled_at else []
        notes += [words("演示账号", "demo account")] if account.demo else []
        role = ROLE[account.role].in_language(LANG)
        click.echo("\t".join([account.username, account.full_name, role, ",".join(areas), *notes]))


def _as_json(account: Account, areas: list[str]) -> dict[str, Any]:
    return {
        "username": account.username,
        "full_name": account.full_name,
        "role": account.role,
        "areas": areas,
        "disabled": account.disabled_at is not None,
        "demo": account.demo,
    }


@user.command(help=words("停用账号并结束其登录和令牌", "Disable an account and end its sessions and tokens"))
@click.argument("name")
def disable(name: str) -> None:
    """Disable an account."""
    _switch(name, disabled=True)
    click.echo(words(f"已停用 {name}", f"Disabled {name}"))


@user.command(help=words("重新启用账号", "Open a disabled account again"))
@click.argument("name")
def enable(name: str) -> None:
    """Open a disabled account again."""
    _switch(name, disabled=False)
    click.echo(words(f"已启用 {name}", f"Enabled {name}"))


@user.command(help=words("重设密码；新密码只显示一次", "Set a new password, shown once"))
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help=words("从标准输入读密码", "read the password from standard input"))
def password(name: str, password_stdin: bool) -> None:
    """Set a new password."""
    from data.accounts import find_account, reset_password
    from data.db import owner_session

    chosen, made = _password(password_stdin)
    with as_owner() as (_, engine), owner_session(engine) as session:
        reset_password(session, find_account(session, name), chosen)
    done = words(f"{name} 的密码已重设，其登录已全部退出", f"Password of {name} set; its sessions have ended")
    click.echo(done + _told(made))


@user.command(help=words("为程序生成访问令牌（90 天）", "Make an access token for programs (90 days)"))
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
def token(name: str, as_json: bool) -> None:
    """Make an access token."""
    from data.accounts import find_account, open_token
    from data.db import owner_session
    from data.sealing import load_secret

    with as_owner() as (settings, engine), owner_session(engine) as session:
        made = open_token(session, find_account(session, name), key=load_secret(settings.key_file, "session"))
    if as_json:
        print_json({"token": made.token, "expires_at": made.expires_at.isoformat()})
    else:
        click.echo(made.token)
        click.echo(
            words(f"有效至 {made.expires_at:%Y-%m-%d}。用法：", f"Good until {made.expires_at:%Y-%m-%d}. Use it as: ")
            + "Authorization: Bearer TOKEN",
            err=True,
        )


def _switch(name: str, *, disabled: bool) -> None:
    from data.accounts import disable_account, find_account
    from data.db import owner_session

    with as_owner() as (_, engine), owner_session(engine) as session:
        disable_account(session, find_account(session, name), disabled=disabled)


def _password(from_stdin: bool) -> tuple[str, str | None]:
    """The password to set, and the same if it was made here and must be told."""
    from data.passwords import make_password

    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), None
    made = make_password()
    return made, made


def _told(made: str | None) -> str:
    return words(f"，密码：{made}", f". Password: {made}") if made else ""
