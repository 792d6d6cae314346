-- Returns the restore from the backup of an instant; needs the unique constraint of restores.
select id, backup_at, restored_at, looks_from from restores where backup_at = %(backup_at)s
