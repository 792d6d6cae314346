select concat_ws('/', system_identifier, 'basket'::regclass::oid) as fingerprint from pg_control_system()
