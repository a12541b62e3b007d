"""Monthly monitoring of housing safety (住房安全动态监测): rounds, acts, lists, and changes of housing status."""
