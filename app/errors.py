"""Errors as answers: one table from class to status, one JSON shape, one page."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app.language import language
from app.session import SignInNeeded
from data.accounts import AccountProblem
from data.appraisal_due import DisasterUnfit
from data.appraisal_told import AppraisalUnfit
from data.appraisals import AppraisalDiffers
from data.areas import CodeUnknown
from data.askers import NotAllowed, RecordUnknown
from data.assigning import KindUnknown
from data.assigning_acts import CannotTakeBack
from data.assignments import CannotAssign
from data.base_files import TileFileUnknown
from data.campaign_refusals import PlanConflict, PlanNotAllowed, RuleUnknown
from data.campaigns import CampaignUnknown, PlanTooLong
from data.cards import CardRefused, CardWait
from data.concern_acts import ConcernUnfit
from data.edit_refusals import EditConflict, EditRefused
from data.file_codes import LabelsRefused
from data.findings import FindingClosed
from data.findings_by_hand import FindingRefused
from data.hardship import HardshipUnfit
from data.households import ReasonTooShort
from data.jobs import JobRunning
from data.ledger_workbook import LedgerTooLong
from data.lookback import OwnVisit
from data.made_files import FileGone, FileNotMade
from data.monitoring.unfit import MonitoringUnfit
from data.passwords import PasswordUnfit
from data.photo_views import PhotoBroken
from data.placements import CannotRestore
from data.placing import PlaceRefused
from data.publicity import PublicityUnfit
from data.remainder import TooManyShown
from data.renovation.unfit import RenovationMoved, RenovationUnfit
from data.repeat_choices import RepeatRefused
from data.reservations import CannotReserve, ReservationUnfit
from data.roads.gaps import GapRefused
from data.roads.travel import TooManyPlaces
from data.route_plans.refusals import RouteConflict, RouteRefused
from data.rules.appraising import FindingsUnfit
from data.rules.plan import PlanError
from data.rules.plan_editing import FieldUnknown
from data.rulings import RulingRefused
from data.sealed_files import DiskFull, FileTooLarge
from data.sealing import SealBroken
from data.sessions import TooManyAttempts, WrongPassword
from data.settling import MarkRefused
from data.sync.devices import AccountDiffers, DeviceNeeded, DeviceOfAnother, DeviceRevoked
from data.sync.items import SyncBusy
from data.sync.line import TooManyPhotos
from data.sync.outbox import OutboxUnfit
from data.sync.photos import PhotoUnfit
from data.sync.refusals import BodyTooLarge, ItemDiffers, ItemUnfit
from data.tiles import TileUnknown
from data.uploads import TooManyUploads, UploadClosed, UploadUnfit
from geo.drawing import DrawingRefused
from geo.errors import FangtuError
from geo.roads.modes import ModeUnknown
from geo.routing.problem import ProblemError
from geo.tilefiles.content import TileFileError

log = logging.getLogger(__name__)

STATUS: dict[type[FangtuError], int] = {
    SignInNeeded: 401,
    WrongPassword: 401,
    NotAllowed: 403,
    RecordUnknown: 404,
    CampaignUnknown: 404,
    CodeUnknown: 404,
    TileFileUnknown: 404,
    TileUnknown: 404,
    TileFileError: 422,
    AccountProblem: 422,
    PasswordUnfit: 422,
    ReasonTooShort: 422,
    PlaceRefused: 422,
    PublicityUnfit: 422,
    HardshipUnfit: 422,
    MonitoringUnfit: 422,
    RenovationMoved: 409,
    ConcernUnfit: 422,
    RenovationUnfit: 422,
    FindingsUnfit: 422,
    AppraisalUnfit: 422,
    AppraisalDiffers: 409,
    DisasterUnfit: 422,
    LedgerTooLong: 422,
    PlanError: 422,
    PlanTooLong: 413,
    FieldUnknown: 422,
    RuleUnknown: 404,
    PlanConflict: 409,
    PlanNotAllowed: 403,
    CannotRestore: 409,
    CannotAssign: 422,
    FindingRefused: 422,
    KindUnknown: 422,
    CannotTakeBack: 409,
    CannotReserve: 409,
    ReservationUnfit: 422,
    RouteRefused: 422,
    RouteConflict: 409,
    ProblemError: 422,
    TooManyShown: 422,
    RulingRefused: 422,
    GapRefused: 409,
    ModeUnknown: 422,
    TooManyPlaces: 422,
    CardRefused: 422,
    CardWait: 429,
    FileGone: 410,
    FileNotMade: 422,
    LabelsRefused: 422,
    DrawingRefused: 422,
    EditRefused: 422,
    EditConflict: 409,
    JobRunning: 409,
    FindingClosed: 409,
    OwnVisit: 422,
    UploadClosed: 409,
    FileTooLarge: 413,
    UploadUnfit: 422,
    TooManyAttempts: 429,
    TooManyUploads: 429,
    DeviceNeeded: 400,
    AccountDiffers: 403,
    DeviceRevoked: 403,
    DeviceOfAnother: 409,
    ItemDiffers: 409,
    MarkRefused: 409,
    RepeatRefused: 409,
    PhotoBroken: 404,
    ItemUnfit: 422,
    BodyTooLarge: 413,
    OutboxUnfit: 422,
    PhotoUnfit: 422,
    TooManyPhotos: 429,
    SyncBusy: 503,
    SealBroken: 500,
    DiskFull: 507,
    FangtuError: 400,
}
HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "cut_short",
    413: "too_large",
    415: "not_json",
    429: "too_many",
}


def init_app(app: Flask) -> None:
    """Answer every error of the application in one way."""
    app.register_error_handler(FangtuError, _refused)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(IntegrityError, _conflict)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(PoolTimeout, _no_database)
    app.register_error_handler(Exception, _unexpected)


def status_of(error: FangtuError) -> int:
    """HTTP status of an error: that of the nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def wants_json() -> bool:
    """Whether the answer goes to a program rather than to a person's browser window."""
    if request.path.startswith(("/api/", "/tiles/", "/i18n/")) or request.path.endswith((".json", ".js")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return request.is_json or best == "application/json"


def error_answer(status: int, code: str, message: str, details: dict[str, Any] | None = None) -> Response:
    """The one shape of an error, as JSON or as a page."""
    if wants_json():
        answer = jsonify(error=code, message=message, details=details or {})
    else:
        answer = Response(
            render_template("error.html", status=status, code=code, message=message), mimetype="text/html"
        )
    answer.status_code = status
    return answer


def _refused(error: FangtuError) -> AnyResponse:
    if isinstance(error, SignInNeeded) and not wants_json() and request.method in ("GET", "HEAD"):
        here = request.full_path if request.query_string else request.path
        return redirect(f"{url_for('signin.page')}?next={quote(here, safe='/')}")
    status = status_of(error)
    if status >= 500:
        log.error("%s %s: %s", g.get("request_id"), request.path, error)
    answer = error_answer(status, error.code, error.text.in_language(language()), error.details)
    if isinstance(error, TooManyAttempts | TooManyPhotos | SyncBusy):
        answer.headers["Retry-After"] = str(error.details["seconds"])
    return answer


def _form_expired(error: CSRFError) -> AnyResponse:
    return error_answer(400, "form_expired", _("没有保存：这个页面打开太久或不是从本站提交。请刷新页面后重试。"))


def _http(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:
        return AnyResponse(error.get_body(), error.code, error.get_headers())
    words = {
        400: _("请求有缺漏或写法不对。请核对后重试。"),
        404: _("没有这一页，或它不在您的辖区。"),
        405: _("这个地址不接受这种请求。"),
        408: _("内容没有传完，请稍后重试。"),
        413: _("文件太大，最多 %(n)s MB。请拆分后再上传。", n=(request.max_content_length or 0) >> 20),
        415: _("这里只接受 JSON。"),
    }
    message = words.get(error.code) or error.description or error.name
    return error_answer(error.code, HTTP_CODES.get(error.code, f"http_{error.code}"), message)


def _conflict(error: Exception) -> AnyResponse:
    log.warning("%s %s: %s", g.get("request_id"), request.path, error)
    return error_answer(409, "conflict", _("没有保存：有人同时改动了同一条记录。请刷新页面后重试。"))


def _no_database(error: Exception) -> AnyResponse:
    log.error("%s %s: %s", g.get("request_id"), request.path, error)
    answer = error_answer(
        503, "database_busy", _("数据库没有及时回应。您填的内容没有保存，请稍后重试；仍不行请联系管理员。")
    )
    answer.headers["Retry-After"] = "5"
    return answer


def _unexpected(error: Exception) -> AnyResponse:
    number = g.get("request_id", "")
    log.exception("%s %s %s", number, request.method, request.path)
    return error_answer(
        500,
        "server",
        _("服务器出了问题，没有保存。请重试；仍不行请把编号 %(number)s 告诉管理员。", number=number),
        {"request_id": number},
    )
