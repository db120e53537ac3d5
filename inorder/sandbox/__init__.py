"""The sandbox: a real, durable reference of the tracking API, to try the harness on."""
