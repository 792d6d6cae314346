"""What the flows need from the outside, by who fulfils it. Read the page of yours before you write an adapter."""
