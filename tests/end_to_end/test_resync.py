"""A person sends a failed order again once its cause is mended, on a real executor and into the real ERP."""

from tests.end_to_end.system import STEPS, System, key

RESYNC = "resync_orders"
SENT = {f"send_to_tryton.{step}": "success" for step in STEPS[1:]}
GREEN = {"decide": "success", "channels_of_tryton": "success", **SENT, "watcher": "skipped"}
CHANNEL = "select md5(string_agg(each::text, '' order by each::text)) from ax.retailtransaction{} each"
DECIDED = "select event, by, why from order_history h join orders o on o.id = order_id where order_key = any(%(keys)s)"


def test_an_order_whose_article_was_missing_is_sent_again_once_whatever_is_cleared(system: System) -> None:
    """The shop is only read, and the shopper hears of nothing.

    R89, R92, R94
    """
    system.api.pause(RESYNC, paused=False)
    sales = system.sell(1, sku="SKU-NEW")
    system.run()
    assert system.statuses(sales) == {"failed": 1}
    before = [system.channel(CHANNEL.format(table)) for table in ("table", "salestrans")]

    wrong = system.api.trigger(RESYNC, {"reason": "made the article", "order_keys": ["nonsense"], "status": "failed"})
    assert system.api.wait_for_run(RESYNC, wrong) == "failed"
    [said] = [message["text"] for message in system.sandbox.inbox.slack if wrong in message["text"]]
    assert "order_keys: number 1 is not an order key" in said
    assert "order_keys are given together with status" in said
    assert system.statuses(sales) == {"failed": 1}

    system.make_article("SKU-NEW")
    run = system.api.trigger(RESYNC, {"reason": "made the article", "order_keys": [key(sale) for sale in sales]})
    assert system.api.wait_for_run(RESYNC, run) == "success"
    assert system.api.states(RESYNC, run) == GREEN
    assert system.api.returned(RESYNC, run, "decide") == {"done": 1, "to_send": {"tryton": ["dynamics_web"]}}
    system.wait_until_processed(sales)
    assert system.statuses(sales) == {"succeeded": 1}
    [(event, by, why)] = [row for row in system.ledger(DECIDED, sales) if row[0] == "resync"]
    assert (event, by.split("/")[0], why) == ("resync", RESYNC, "made the article")
    assert "for admin" in by

    system.api.clear(RESYNC, run)
    assert system.api.wait_for_run(RESYNC, run) == "success"
    assert system.api.returned(RESYNC, run, "decide") == {"done": 1, "to_send": {}}
    system.wait_until_processed(sales)
    assert [system.channel(CHANNEL.format(table)) for table in ("table", "salestrans")] == before
    assert system.told(run, sales) == {"Slack": [], "mail": []}
