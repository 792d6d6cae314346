-- Transactions placed at or after `start` and before `end`. A column without a zone: (t.column at time zone %(zone)s).
<<the instant, as t.column>> >= %(start)s and <<the instant, as t.column>> < %(end)s
