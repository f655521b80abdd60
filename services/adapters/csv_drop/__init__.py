"""Tasks as a file a day, for units whose system reads and writes files: the referral form, dropped back filled in."""
