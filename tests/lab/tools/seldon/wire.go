package main

import (
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// bytesCodec sends messages as they are, so that no generated code is needed for the three calls that are made here.
type bytesCodec struct{}

func (bytesCodec) Marshal(v any) ([]byte, error) {
	if message, ok := v.(*[]byte); ok {
		return *message, nil
	}
	return nil, fmt.Errorf("cannot send a %T", v)
}

func (bytesCodec) Unmarshal(data []byte, v any) error {
	message, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("cannot receive into a %T", v)
	}
	*message = append([]byte(nil), data...)
	return nil
}

// Name is the one that servers know their messages by.
func (bytesCodec) Name() string { return "proto" }

// dial makes a client as the agent does: grpc-go's own resolver, time-outs and proxy variables.
func dial(target string) (*grpc.ClientConn, error) {
	return grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesCodec{})))
}
