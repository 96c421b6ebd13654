"""What Acme adds to indexlab: two properties, a fault, a methodology and a target."""
