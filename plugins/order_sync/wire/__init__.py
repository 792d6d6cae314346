"""The kit that adapters are made of: how calls and files reach another system. It knows no vendor, and no Airflow.

`endpoint` is where a system answers, `auth` how it knows us, `http` the client, `pace` its patience. `content` is what
goes out and comes back, `pages` reads long answers, `odata` speaks OData, `files` puts files into folders.
"""
