"""Experiment trackers: they see finished results, and never cost a run anything."""

from palmbench.tracking.tracker import NoTracker, Tracker, TrackerSettings, open_tracker

__all__ = ["NoTracker", "Tracker", "TrackerSettings", "open_tracker"]
