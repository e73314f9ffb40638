package dev.terrace.cache.testkit;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import java.util.List;
import java.util.Objects;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/** A server in a container, listening on the same port inside and outside. */
final class ServerContainer implements ServerHost {

    private final GenericContainer<?> container;

    private ServerContainer(GenericContainer<?> container) {
        this.container = container;
    }

    static boolean canRun() {
        return DockerClientFactory.instance().isDockerAvailable();
    }

    @SuppressWarnings("resource") // closed by kill()
    static ServerContainer start(String image, int port, List<String> command) {
        PortBinding binding = new PortBinding(Ports.Binding.bindIpAndPort("127.0.0.1", port), new ExposedPort(port));
        GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse(image))
                .withCommand(command.toArray(String[]::new))
                .withExposedPorts(port)
                .withCreateContainerCmdModifier(
                        create -> Objects.requireNonNullElseGet(create.getHostConfig(), HostConfig::newHostConfig)
                                .withPortBindings(binding));
        container.start();
        return new ServerContainer(container);
    }

    @Override
    public long pid() {
        return -1;
    }

    @Override
    public boolean isAlive() {
        return container.isRunning();
    }

    @Override
    public void freeze() {
        docker().pauseContainerCmd(container.getContainerId()).exec();
    }

    @Override
    public void thaw() {
        docker().unpauseContainerCmd(container.getContainerId()).exec();
    }

    @Override
    public void kill() {
        container.close();
    }

    @Override
    public String output() {
        return container.getLogs();
    }

    private static DockerClient docker() {
        return DockerClientFactory.instance().client();
    }
}
