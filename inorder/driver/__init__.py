"""The load driver: HTTP/1.1 over gevent's loop, lean enough that the system under test is what gets measured."""
