"""The world that the attacks on lists share: cohorts of users, who is served what, what is seen."""
