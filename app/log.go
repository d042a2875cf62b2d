package app

import (
	"fmt"
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"gyrfalcon/config"
)

// newLogger logs to w what c asks for. Times are in UTC for machines and in local time
// for people.
func newLogger(c config.Log, w io.Writer) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, fmt.Errorf("log.level: %w; write debug, info, warn or error", err)
	}
	var encoder zapcore.Encoder
	switch c.Format {
	case "json":
		e := zap.NewProductionEncoderConfig()
		e.EncodeTime = zapcore.RFC3339NanoTimeEncoder
		encoder = zapcore.NewJSONEncoder(e)
	case "console":
		e := zap.NewDevelopmentEncoderConfig()
		e.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		encoder = zapcore.NewConsoleEncoder(e)
	default:
		return nil, fmt.Errorf("log.format: %q is neither console nor json", c.Format)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level)), nil
}
