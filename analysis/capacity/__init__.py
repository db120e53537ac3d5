"""What a stepped load says about a system: where its SLA broke, how its throughput scales, where its knee is."""
