"""The dashboard: pages under `/ui`, made on the server, one file per page."""
