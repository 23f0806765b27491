"""The parts every route shares: authentication, bodies, errors and pages."""
