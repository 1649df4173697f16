import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;

/**
 * `java Server.java PORT FILE STREAMS`: port 0 for any, file "" for memory, streams "true" for change streams. Prints its
 * port and ends with its standard input, so that no server outlives the tests that started it.
 */
class Server {
  /** The server does what our store asks of a 6.0; the driver refuses the versions that it says by itself. */
  static final MongoVersion VERSION = new MongoVersion() {
    public List<Integer> getVersionArray() {
      return List.of(6, 0, 0);
    }

    public int getWireVersion() {
      return 17;
    }
  };

  public static void main(String[] arguments) throws Exception {
    var backend = arguments[1].isEmpty() ? H2Backend.inMemory() : new H2Backend(arguments[1]);
    backend.version(VERSION);
    if (arguments[2].equals("true")) backend.enableOplog();
    var server = new MongoServer(backend);
    server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    System.out.println(server.getLocalAddress().getPort());
    while (System.in.read() != -1);
    server.shutdownNow();
  }
}
