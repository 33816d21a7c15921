// Deviceplugin gives a kubelet devices that do not exist.
//
// Its only argument is a JSON file that says which. When the file changes, as by `rig gpu unhealthy`, the kubelet is
// told; when the kubelet starts anew, the plugin registers anew.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const glance = 100 * time.Millisecond

type device struct {
	ID      string `json:"id"`
	NUMA    int64  `json:"numa"`
	Healthy bool   `json:"healthy"`
}

type inventory struct {
	Resource string   `json:"resource"`
	Variable string   `json:"variable"`
	Devices  []device `json:"devices"`
}

func read(file string) (inventory, error) {
	var found inventory
	text, err := os.ReadFile(file)
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(text, &found)
}

func (i inventory) list() *api.ListAndWatchResponse {
	answer := &api.ListAndWatchResponse{}
	for _, each := range i.Devices {
		health := api.Unhealthy
		if each.Healthy {
			health = api.Healthy
		}
		topology := &api.TopologyInfo{Nodes: []*api.NUMANode{{ID: each.NUMA}}}
		answer.Devices = append(answer.Devices, &api.Device{ID: each.ID, Health: health, Topology: topology})
	}
	return answer
}

type plugin struct {
	*api.UnimplementedDevicePluginServer
	file string
}

func (p plugin) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return &api.DevicePluginOptions{}, nil
}

// ListAndWatch says which devices there are, and says it again whenever the file has another content.
func (p plugin) ListAndWatch(_ *api.Empty, stream api.DevicePlugin_ListAndWatchServer) error {
	said := ""
	for stream.Context().Err() == nil {
		found, err := read(p.file)
		if err != nil {
			return err
		}
		if answer := found.list(); answer.String() != said {
			if err := stream.Send(answer); err != nil {
				return err
			}
			said = answer.String()
		}
		time.Sleep(glance)
	}
	return nil
}

// Allocate names the devices in the variable that the vendor's runtime reads, and gives each the file /dev/fakeN.
func (p plugin) Allocate(_ context.Context, request *api.AllocateRequest) (*api.AllocateResponse, error) {
	found, err := read(p.file)
	if err != nil {
		return nil, err
	}
	answer := &api.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		given := &api.ContainerAllocateResponse{
			Envs: map[string]string{found.Variable: strings.Join(container.DevicesIDs, ",")},
		}
		for number := range container.DevicesIDs {
			path := fmt.Sprintf("/dev/fake%d", number)
			given.Devices = append(given.Devices, &api.DeviceSpec{
				ContainerPath: path, HostPath: "/dev/null", Permissions: "rw",
			})
		}
		answer.ContainerResponses = append(answer.ContainerResponses, given)
	}
	return answer, nil
}

// serve registers with the kubelet that is there now, and returns when another one is.
func serve(file string) error {
	found, err := read(file)
	if err != nil {
		return err
	}
	name := strings.ReplaceAll(found.Resource, "/", "-") + ".sock"
	socket := filepath.Join(api.DevicePluginPath, name)
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	before, err := os.Stat(api.KubeletSocket)
	if err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	defer server.Stop()
	api.RegisterDevicePluginServer(server, plugin{file: file})
	go server.Serve(listener)
	if err := register(name, found.Resource); err != nil {
		return err
	}
	log.Printf("the kubelet knows %d of %s", len(found.Devices), found.Resource)
	for {
		time.Sleep(glance)
		now, err := os.Stat(api.KubeletSocket)
		if err != nil || !os.SameFile(before, now) || !before.ModTime().Equal(now.ModTime()) {
			return fmt.Errorf("the kubelet started anew")
		}
	}
}

func register(name, resource string) error {
	patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	connection, err := grpc.DialContext(patience, "unix://"+api.KubeletSocket,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithBlock())
	if err != nil {
		return err
	}
	defer connection.Close()
	request := &api.RegisterRequest{Version: api.Version, Endpoint: name, ResourceName: resource}
	_, err = api.NewRegistrationClient(connection).Register(patience, request)
	return err
}

func main() {
	for {
		log.Print(serve(os.Args[1]))
		time.Sleep(glance)
	}
}
