"""The web of Một Cửa: pages, API, jobs and the command line; the rules live in engine/."""
