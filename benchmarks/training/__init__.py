"""Trainings on real images beside plain ones of other libraries."""
