"""Accept tasks, choose an account, send them, cancel and resubmit them."""
