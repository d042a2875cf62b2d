module gyrfalcon/di/bench

go 1.26.0

replace gyrfalcon => ../..

require (
	github.com/samber/do/v2 v2.0.0
	go.uber.org/dig v1.19.0
	go.uber.org/goleak v1.3.0
	gyrfalcon v0.0.0-00010101000000-000000000000
)

require github.com/samber/go-type-to-string v1.8.0 // indirect
