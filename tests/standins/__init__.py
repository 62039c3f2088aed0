"""Stand-ins for services on the network: real sockets, real requests, answers that are known beforehand."""
