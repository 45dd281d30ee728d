import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.LocalDate;
import java.util.List;
import java.util.Properties;

/**
 * Runs <n>.sql of a folder on a DuckDB file, as Metabase's driver connects, and writes <n>.tsv beside it. The driver's time
 * zone is left out: it needs an extension that DuckDB downloads.
 */
class DuckdbJdbc {
    public static void main(String[] words) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("duckdb.read_only", "true");
        properties.setProperty("old_implicit_casting", "true");
        properties.setProperty("jdbc_stream_results", "true");
        properties.setProperty("custom_user_agent", "metabase");
        Path folder = Path.of(words[1]);
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + words[0], properties)) {
            for (int number = 0; Files.exists(folder.resolve(number + ".sql")); number++) {
                String sql = Files.readString(folder.resolve(number + ".sql"));
                List<String> values = Files.readAllLines(folder.resolve(number + ".values"));
                StringBuilder rows = new StringBuilder();
                try (PreparedStatement statement = connection.prepareStatement(sql)) {
                    for (int at = 0; at < values.size(); at++) {
                        String[] value = values.get(at).split(":", 2);
                        statement.setObject(at + 1, value[0].equals("date") ? LocalDate.parse(value[1]) : value[1]);
                    }
                    try (ResultSet result = statement.executeQuery()) {
                        int columns = result.getMetaData().getColumnCount();
                        while (result.next()) {
                            for (int column = 1; column <= columns; column++) {
                                Object value = result.getObject(column);
                                rows.append(column > 1 ? "\t" : "").append(value == null ? "\\N" : value.toString());
                            }
                            rows.append("\n");
                        }
                    }
                } catch (Exception error) {
                    throw new RuntimeException("query " + number + ": " + error.getMessage() + "\n" + sql, error);
                }
                Files.writeString(folder.resolve(number + ".tsv"), rows.toString());
            }
        }
    }
}
