"""Tables: columns, keys and checks. What happens to rows is a function elsewhere in ``data``."""

from data.tables.accounts import Account, Duty, LoginAttempt, Session
from data.tables.appraisals import Appraisal, Disaster
from data.tables.areas import Area, AreaAlias, Grid
from data.tables.assignments import Assignment, AssignmentAct, AssignmentChange, Reservation
from data.tables.audit import AuditEntry
from data.tables.base import Base
from data.tables.basemap import BaseFeature
from data.tables.batches import Batch, BatchChange, BatchProblem
from data.tables.campaigns import Campaign, CampaignVersion, Round
from data.tables.concerns import ConcernObservation
from data.tables.coverage import (
    Cell,
    CoverageDayFolded,
    CoverageFolded,
    CoverageKnown,
    CoveragePartFolded,
    CoverageShownFolded,
    HeatFolded,
    MapVersion,
    OwnerTallyFolded,
    Standing,
    StandingChange,
    VisitTallyFolded,
)
from data.tables.edits import AreaEdit
from data.tables.eligibility import AidList, AidListRow, Exclusion, RepeatRule, SiteCheck
from data.tables.file_codes import FileCode
from data.tables.household_words import HouseholdWord
from data.tables.households import Household
from data.tables.houses import House, RenovationSite
from data.tables.ledgers import HardshipCase, Publicity
from data.tables.lookback import Finding, Lookback, LookbackPick, LookbackVillage
from data.tables.marks import Mark, MarkChange
from data.tables.monitoring import HousingStatus, Monitored, MonitoringAct, MonitoringRound, Petition
from data.tables.packs import Pack
from data.tables.placements import Placement
from data.tables.renovation import (
    BankReturn,
    BankReturnRow,
    Entitlement,
    Funding,
    Payment,
    PaymentBatch,
    RenovationPlan,
    RenovationPlanLine,
    RenovationPlanVersion,
    SiteGate,
    SiteInspection,
    SubsidyRate,
)
from data.tables.roads import RoadEdge, RoadGap, RoadState
from data.tables.routes import Route, RouteChange, RoutePlan, RouteProblem, RouteStop, RouteUnplanned
from data.tables.suspicions import (
    CardAttempt,
    CardWord,
    HouseholdCard,
    RepeatChoice,
    Screening,
    Suspicion,
    SuspicionNote,
)
from data.tables.sync import Demand, Device, FieldVisit, Pulled, SyncedItem, SyncedPhoto, SyncReject
from data.tables.uploads import ColumnMemory, Job, Upload
from data.tables.visits import Attachment, Visit

__all__ = [
    "Account",
    "AidList",
    "AidListRow",
    "Appraisal",
    "Area",
    "AreaAlias",
    "AreaEdit",
    "Assignment",
    "AssignmentAct",
    "AssignmentChange",
    "Attachment",
    "AuditEntry",
    "BankReturn",
    "BankReturnRow",
    "Base",
    "BaseFeature",
    "Batch",
    "BatchChange",
    "BatchProblem",
    "Campaign",
    "CampaignVersion",
    "CardAttempt",
    "CardWord",
    "Cell",
    "ColumnMemory",
    "ConcernObservation",
    "CoverageDayFolded",
    "CoverageFolded",
    "CoverageKnown",
    "CoveragePartFolded",
    "CoverageShownFolded",
    "Demand",
    "Device",
    "Disaster",
    "Duty",
    "Entitlement",
    "Exclusion",
    "FieldVisit",
    "FileCode",
    "Finding",
    "Funding",
    "Grid",
    "HardshipCase",
    "HeatFolded",
    "House",
    "Household",
    "HouseholdCard",
    "HouseholdWord",
    "HousingStatus",
    "Job",
    "LoginAttempt",
    "Lookback",
    "LookbackPick",
    "LookbackVillage",
    "MapVersion",
    "Mark",
    "MarkChange",
    "Monitored",
    "MonitoringAct",
    "MonitoringRound",
    "OwnerTallyFolded",
    "Pack",
    "Payment",
    "PaymentBatch",
    "Petition",
    "Placement",
    "Publicity",
    "Pulled",
    "RenovationPlan",
    "RenovationPlanLine",
    "RenovationPlanVersion",
    "RenovationSite",
    "RepeatChoice",
    "RepeatRule",
    "Reservation",
    "RoadEdge",
    "RoadGap",
    "RoadState",
    "Round",
    "Route",
    "RouteChange",
    "RoutePlan",
    "RouteProblem",
    "RouteStop",
    "RouteUnplanned",
    "Screening",
    "Session",
    "SiteCheck",
    "SiteGate",
    "SiteInspection",
    "Standing",
    "StandingChange",
    "SubsidyRate",
    "Suspicion",
    "SuspicionNote",
    "SyncReject",
    "SyncedItem",
    "SyncedPhoto",
    "Upload",
    "Visit",
    "VisitTallyFolded",
]
