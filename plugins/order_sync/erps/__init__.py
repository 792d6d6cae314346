"""Where orders go, one module an ERP. An adapter fulfils `core.ports.Erp` and knows no other, nor Airflow."""
