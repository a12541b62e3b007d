"""What phones send from the field (外业同步): accepted once, or kept as refused. It may import data and geo."""
