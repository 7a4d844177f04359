"""`make bench`: a stationary workload, the real pipeline over it, and the floors it is compared with."""
