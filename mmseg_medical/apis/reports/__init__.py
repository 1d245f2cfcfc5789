"""A page of runs: what they have learnt, and how well."""

from mmseg_medical.apis.reports.report import PageSettings, make_report

__all__ = ['PageSettings', 'make_report']
