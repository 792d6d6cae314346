"""What every part uses: days, progress, who acts, counts."""
