"""Alerts: rules, what they found, maintenance windows, and who hears of it by mail or webhook."""
