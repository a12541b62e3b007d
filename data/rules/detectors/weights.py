"""Weights of the detectors, as ``data.rules.detectors.fitting`` found them on its own seeds; benchmarks use others.

Changed detectors are weighed anew, and get the next version.
"""

VERSION = 1
BIAS = -7.822
COMPANY_BIAS = -0.746
FLAG_FROM = -1.787
WEIGHTS: dict[str, float] = {
    "too_short.day": 0.700,
    "too_short.worker": 0.436,
    "too_short.borne_by_day": 0.274,
    "too_short.borne_by_worker": 1.348,
    "off_hours.borne_by_worker": 0.042,
    "typed_later.worker": 0.185,
    "typed_later.borne_by_day": 0.980,
    "typed_later.borne_by_worker": 2.023,
    "at_minimum.worker": 0.527,
    "at_minimum.borne_by_day": 0.333,
    "at_minimum.borne_by_worker": 1.119,
    "crowded_day.visit": 0.535,
    "crowded_day.strong": 0.324,
    "crowded_day.day": 0.530,
    "crowded_day.borne_by_day": 0.535,
    "crowded_day.borne_by_worker": 0.480,
    "one_spot.day": 0.396,
    "one_spot.worker": 0.958,
    "one_spot.borne_by_day": 1.247,
    "one_spot.borne_by_worker": 0.939,
    "impossible_travel.visit": 0.059,
    "impossible_travel.day": 0.287,
    "impossible_travel.worker": 0.690,
    "impossible_travel.borne_by_day": 0.442,
    "impossible_travel.borne_by_worker": 1.031,
    "still_fix.visit": 1.369,
    "still_fix.strong": 0.023,
    "still_fix.day": 0.092,
    "still_fix.worker": 0.212,
    "still_fix.borne_by_day": 1.116,
    "still_fix.borne_by_worker": 1.674,
    "on_the_house.borne_by_day": 0.741,
    "on_the_house.borne_by_worker": 1.159,
    "copied_photo.day": 0.263,
    "copied_photo.worker": 0.396,
    "copied_photo.borne_by_day": 0.009,
    "copied_photo.borne_by_worker": 1.503,
    "similar_photo.visit": 0.198,
    "similar_photo.strong": 0.511,
    "similar_photo.day": 0.646,
    "similar_photo.worker": 0.524,
    "similar_photo.borne_by_day": 0.534,
    "similar_photo.borne_by_worker": 0.688,
    "cloned_answers.strong": 0.029,
    "cloned_answers.worker": 1.292,
    "cloned_answers.borne_by_day": 1.165,
    "cloned_answers.borne_by_worker": 3.038,
    "no_trace.strong": 1.246,
    "no_trace.borne_by_day": 0.574,
    "no_trace.borne_by_worker": 0.596,
}
COMPANY: dict[str, float] = {
    "own": 0.927,
    "near": 1.923,
    "day": 0.000,
    "worker": 0.000,
}
