"""What every route stands on: who asks, what a body may be, how errors and pages are answered."""
