package php

// CountWork returns how much is done to payloads while do runs. No other test may run
// meanwhile.
func CountWork(do func()) int {
	work = &counter{}
	defer func() { work = nil }()
	do()
	return int(work.n.Load())
}
