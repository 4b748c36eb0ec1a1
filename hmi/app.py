"""The script that Streamlit runs for each session and event. All it does stands in ``hmi.frame``."""

from hmi.frame import run

run()
