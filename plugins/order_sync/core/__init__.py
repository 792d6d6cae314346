"""The pure core: words, rules and decisions. It knows no Airflow, no database, no network and no clock."""
