"""Kling (可灵), legacy dialect: `task_id`, `task_status`, `task_result` under `/v1/…`."""
